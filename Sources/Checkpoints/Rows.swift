/// Reads rows of one tensor as numbers.
struct Rows {
    let entry: TensorEntry
    let region: Region
    let file: String

    init(of entry: TensorEntry, in checkpoint: Checkpoint) throws(CheckpointError) {
        self.entry = entry
        region = checkpoint.files[entry.fileIndex].region
        file = checkpoint.files[entry.fileIndex].name
        try checkpoint.requireDecodable(entry)
    }

    func floats(_ rows: Range<Int>) -> [Float] {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= entry.rowCount)
        var values: [Float] = []
        values.reserveCapacity(rows.count * entry.columnCount)
        for row in rows { appendFloats(ofStoredRow: entry.storedRow(row), to: &values) }
        if entry.addend != 0 { for index in values.indices { values[index] += entry.addend } }
        // A vector is one row: what regroups a matrix's rows regroups its numbers.
        guard entry.shape.count == 1, entry.rowOrder != .asStored else { return values }
        return values.indices.map { values[entry.storedRow($0)] }
    }

    func halves(_ rows: Range<Int>) throws(CheckpointError) -> [UInt16] {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= entry.rowCount)
        var halves: [UInt16] = []
        halves.reserveCapacity(rows.count * entry.columnCount)
        var values: [Float] = []
        values.reserveCapacity(entry.columnCount)
        for row in rows {
            let start = halves.count
            if entry.type == .f16, entry.addend == 0 {
                appendHalves(ofStoredRow: entry.storedRow(row), to: &halves)
            } else {
                values.removeAll(keepingCapacity: true)
                appendFloats(ofStoredRow: entry.storedRow(row), to: &values)
                // Nothing added is not zero added: that would make -0 another number.
                let addend = entry.addend
                for value in values {
                    halves.append(halfBits(addend == 0 ? value : value + addend))
                }
            }
            for column in start..<halves.count where halves[column] & 0x7C00 == 0x7C00 {
                throw .tensor(
                    file: file, name: entry.name,
                    expected: "finite numbers within Float16's range, at most 65504 either way",
                    found: "another in row \(row), column \(column - start)")
            }
        }
        return halves
    }

    private func range(ofStoredRow row: Int) -> Range<Int> {
        let start = entry.byteRange.lowerBound + row * entry.rowByteCount
        return start..<start + entry.rowByteCount
    }

    private func appendHalves(ofStoredRow row: Int, to halves: inout [UInt16]) {
        unsafe region.withUnsafeBytes(in: range(ofStoredRow: row)) { bytes in
            for column in 0..<entry.columnCount {
                // The row has two bytes for each column.
                halves.append(unsafe bytes.integer(UInt16.self, at: 2 * column))
            }
        }
    }

    private func appendFloats(ofStoredRow row: Int, to values: inout [Float]) {
        unsafe region.withUnsafeBytes(in: range(ofStoredRow: row)) { bytes in
            let count = entry.columnCount
            // The row has the bytes that its type needs for `count` columns.
            switch entry.type {
            case .f32:
                for column in 0..<count {
                    let bits = unsafe bytes.integer(UInt32.self, at: 4 * column)
                    values.append(Float(bitPattern: bits))
                }
            case .bf16:
                for column in 0..<count {
                    let bits = unsafe bytes.integer(UInt16.self, at: 2 * column)
                    values.append(Float(bitPattern: UInt32(bits) << 16))
                }
            case .f16:
                for column in 0..<count {
                    values.append(
                        float(halfBits: unsafe bytes.integer(UInt16.self, at: 2 * column)))
                }
            default:
                let block = entry.type.block
                for start in stride(from: 0, to: bytes.count, by: block.byteCount) {
                    let one = unsafe Array(bytes[start..<start + block.byteCount])
                    QuantizedBlock(type: entry.type, bytes: one).append(to: &values)
                }
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The little-endian integer at `offset`, checked against the end.
    @inline(always)
    fileprivate func integer<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value
    {
        precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= count)
        // Inside by the check above; integers have no invalid bit patterns.
        return Value(littleEndian: unsafe loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}

/// The Float with the value of a Float16, exactly.
///
/// In integers, because x86-64 without F16C converts by a library call.
@inline(always)
func float(halfBits bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 31
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    case 0:
        // Subnormal: the fraction counts units of 2^-24, which a Float holds exactly.
        let magnitude = Float(fraction) * 0x1p-24
        return sign == 0 ? magnitude : -magnitude
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}

/// The bits of the Float16 nearest to a Float, ties to even (IEEE 754 section 4.3.1). Too large
/// becomes infinite; NaN stays NaN.
@inline(always)
func halfBits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
    // From 65520 on the nearest Float16 would be 65536.
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
    if magnitude < 0x3880_0000 {
        // Below 2^-14 the result counts units of 2^-24; adding 0.5 makes the hardware round there.
        let rounded = Float(bitPattern: magnitude) + 0.5
        return sign | UInt16(truncatingIfNeeded: rounded.bitPattern &- 0x3F00_0000)
    }
    let odd = (magnitude >> 13) & 1
    let rounded = magnitude &- 0x3800_0000 &+ 0xFFF &+ odd
    return sign | UInt16(truncatingIfNeeded: rounded >> 13)
}
