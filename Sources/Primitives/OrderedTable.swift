/// A map that is walked in key order: what cores use where a walk may reach the wire.
///
/// A sorted array: look-up O(log n), insertion O(n), which for the tables of a node (hundreds of
/// entries) is faster than a tree.
public struct OrderedTable<Key: Comparable & Sendable, Value> {
    public private(set) var keys: [Key] = []
    public private(set) var values: [Value] = []

    public init() {}

    public var count: Int { keys.count }
    public var isEmpty: Bool { keys.isEmpty }

    /// Where `key` is, or where it would be.
    public func position(of key: Key) -> (index: Int, isPresent: Bool) {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return (low, low < keys.count && keys[low] == key)
    }

    public func contains(_ key: Key) -> Bool { position(of: key).isPresent }

    public subscript(key: Key) -> Value? {
        get {
            let (index, isPresent) = position(of: key)
            return isPresent ? values[index] : nil
        }
        set {
            let (index, isPresent) = position(of: key)
            switch (isPresent, newValue) {
            case (true, let value?): values[index] = value
            case (true, nil):
                keys.remove(at: index)
                values.remove(at: index)
            case (false, let value?):
                keys.insert(key, at: index)
                values.insert(value, at: index)
            case (false, nil): break
            }
        }
    }

    /// Changes the value of `key` in place; does nothing where it is absent.
    public mutating func update(_ key: Key, _ change: (inout Value) -> Void) {
        let (index, isPresent) = position(of: key)
        if isPresent { change(&values[index]) }
    }

    /// Changes the value at a position in key order.
    public mutating func update(at index: Int, _ change: (inout Value) -> Void) {
        change(&values[index])
    }

    @discardableResult
    public mutating func remove(_ key: Key) -> Value? {
        let old = self[key]
        self[key] = nil
        return old
    }

    public mutating func removeAll(where isUnwanted: (Key, Value) -> Bool) {
        var kept = OrderedTable()
        for index in keys.indices where !isUnwanted(keys[index], values[index]) {
            kept.keys.append(keys[index])
            kept.values.append(values[index])
        }
        self = kept
    }
}

extension OrderedTable: Sendable where Value: Sendable {}
