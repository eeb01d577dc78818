import Glibc
import Runtime

/// A folder for one test, gone with it.
final class Scratch {
    let path: String

    init() {
        let name = SystemEntropy.bytes(8).map { String($0, radix: 16) }.joined()
        path = "/tmp/bored-test-" + name
    }

    deinit {
        // The path is made of letters and digits of our own.
        _ = unsafe system("rm -rf " + path)
    }

    func write(_ bytes: [UInt8], to name: String) {
        let file = unsafe fopen(path + "/" + name, "w")
        unsafe fwrite(bytes, 1, bytes.count, file)
        unsafe fclose(file)
    }

    func read(_ name: String) -> [UInt8]? {
        guard let file = unsafe fopen(path + "/" + name, "r") else { return nil }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }

    func mode(_ name: String) -> mode_t? {
        var status = stat()
        return unsafe stat(path + "/" + name, &status) == 0 ? status.st_mode & 0o7777 : nil
    }
}
