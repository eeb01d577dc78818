/// A map that is walked in key order: what cores use where a walk may reach the wire.
///
/// A sorted array: look-up O(log n), insertion O(n), which for the tables of a node (hundreds of
/// entries) is faster than a tree.
public struct OrderedTable<Key: Comparable & Sendable, Value> {
    @usableFromInline var sortedKeys: [Key] = []
    @usableFromInline var valuesByKey: [Value] = []

    @inlinable public init() {}

    @inlinable public var keys: [Key] { sortedKeys }
    /// In the order of their keys.
    @inlinable public var values: [Value] { valuesByKey }
    @inlinable public var count: Int { sortedKeys.count }
    @inlinable public var isEmpty: Bool { sortedKeys.isEmpty }

    /// Where `key` is, or where it would be.
    @inlinable
    public func position(of key: Key) -> (index: Int, isPresent: Bool) {
        var (low, high) = (0, sortedKeys.count)
        while low < high {
            let middle = (low + high) / 2
            if sortedKeys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return (low, low < sortedKeys.count && sortedKeys[low] == key)
    }

    @inlinable
    public func contains(_ key: Key) -> Bool { position(of: key).isPresent }

    public subscript(key: Key) -> Value? {
        @inlinable get {
            let (index, isPresent) = position(of: key)
            return isPresent ? valuesByKey[index] : nil
        }
        @inlinable set {
            let (index, isPresent) = position(of: key)
            switch (isPresent, newValue) {
            case (true, let value?): valuesByKey[index] = value
            case (true, nil):
                sortedKeys.remove(at: index)
                valuesByKey.remove(at: index)
            case (false, let value?):
                sortedKeys.insert(key, at: index)
                valuesByKey.insert(value, at: index)
            case (false, nil): break
            }
        }
    }

    /// Changes the value of `key` in place; does nothing where it is absent.
    @inlinable
    public mutating func update(_ key: Key, _ change: (inout Value) -> Void) {
        let (index, isPresent) = position(of: key)
        if isPresent { change(&valuesByKey[index]) }
    }

    /// Changes the value at a position in key order.
    @inlinable
    public mutating func update(at index: Int, _ change: (inout Value) -> Void) {
        change(&valuesByKey[index])
    }

    @discardableResult
    @inlinable
    public mutating func remove(_ key: Key) -> Value? {
        let (index, isPresent) = position(of: key)
        guard isPresent else { return nil }
        sortedKeys.remove(at: index)
        return valuesByKey.remove(at: index)
    }

    @inlinable
    public mutating func removeAll(where isUnwanted: (Key, Value) -> Bool) {
        var kept = OrderedTable()
        for index in sortedKeys.indices where !isUnwanted(sortedKeys[index], valuesByKey[index]) {
            kept.sortedKeys.append(sortedKeys[index])
            kept.valuesByKey.append(valuesByKey[index])
        }
        self = kept
    }
}

extension OrderedTable: Sendable where Value: Sendable {}
