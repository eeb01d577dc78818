import Checkpoints
import Glibc
public import Primitives

/// How to reach the node that runs on this machine: the contents of `node.json`.
public struct RunningNode: Hashable, Sendable {
    public var address: PeerAddress
    public var processID: Int
    public var swarm: String
    public var id: NodeID

    public init(address: PeerAddress, processID: Int, swarm: String, id: NodeID) {
        self.address = address
        self.processID = processID
        self.swarm = swarm
        self.id = id
    }

    /// One line of JSON.
    public var json: String {
        "{\"address\":\(JSONText.quoted(address.description)),\"pid\":\(processID),"
            + "\"swarm\":\(JSONText.quoted(swarm)),\"id\":\(JSONText.quoted(id.description))}\n"
    }

    init?(json bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes, file: "node.json"),
            let address = value["address"]?.string.flatMap({ PeerAddress($0) }),
            let processID = value["pid"]?.integer, let swarm = value["swarm"]?.string,
            let id = value["id"]?.string.flatMap({ Bytes32(hexadecimal: $0) })
        else { return nil }
        self.init(address: address, processID: processID, swarm: swarm, id: NodeID(id))
    }
}

/// Text as it stands in JSON.
public enum JSONText {
    /// The text between quotation marks, with RFC 8259's escapes.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension DataDirectory {
    /// Says how to reach this process. Its holder of the lock calls it, so two can't.
    public func announce(_ node: RunningNode, holding lock: borrowing DataLock) throws(DataError) {
        do { try Files.write(Array(node.json.utf8), to: file("node.json"), isDurable: false) } catch
        {
            throw DataError(error)
        }
    }

    /// Takes the announcement back.
    public func withdraw(holding lock: borrowing DataLock) {
        // What is left behind is recognised as stale by the lock.
        try? Files.remove(file("node.json"))
    }

    /// The node that uses this directory, or nil. One that died without leaving is not returned:
    /// nobody holds its lock.
    public func runningNode() -> RunningNode? {
        guard let bytes = try? Files.read(file("node.json"), limit: 4_096),
            let node = RunningNode(json: bytes),
            kill(pid_t(truncatingIfNeeded: node.processID), 0) == 0 || errno == EPERM,
            let lock = try? File(file("lock"), O_RDWR), lock.isLocked
        else { return nil }
        return node
    }
}
