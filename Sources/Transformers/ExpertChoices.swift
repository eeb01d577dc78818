import Tensors

/// Which experts each row of a step uses, and with which share (Shazeer et al. 2017). Memory is
/// taken once.
struct ExpertChoices {
    let expertCount: Int
    let usedCount: Int
    /// (row, choice): experts in ascending order, and the share of each.
    private var chosen: [Int]
    private var chosenShares: [Float]
    private var rowCount = 0
    /// The rows that use the expert gathered last, in ascending order, and their shares.
    private(set) var rows: [Int]
    private(set) var shares: [Float]

    init(expertCount: Int, usedCount: Int, rowCountMaximum: Int) {
        self.expertCount = expertCount
        self.usedCount = usedCount
        chosen = Array(repeating: 0, count: rowCountMaximum * usedCount)
        chosenShares = Array(repeating: 0, count: rowCountMaximum * usedCount)
        rows = Array(repeating: 0, count: rowCountMaximum)
        shares = Array(repeating: 0, count: rowCountMaximum)
    }

    /// Softmax over all experts, then the largest `usedCount`, of equal ones the first; their
    /// shares are divided by their sum where they are to add up to 1.
    ///
    /// - Parameter logits: (rowCount, expertCount), which are overwritten.
    mutating func choose(
        from logits: inout FloatBuffer, rowCount: Int, isNormalised: Bool, kernels: Kernels
    ) {
        self.rowCount = rowCount
        for row in 0..<rowCount {
            pick(row, logits)
            shareOut(row, &logits, isNormalised: isNormalised, kernels: kernels)
        }
    }

    /// The experts of the highest logits, in ascending order. A logit that is not a number counts
    /// as the lowest.
    private mutating func pick(_ row: Int, _ logits: borrowing FloatBuffer) {
        let (first, start) = (row * usedCount, row * expertCount)
        var count = 0
        while count < usedCount {
            var (best, highest) = (-1, -Float.infinity)
            for expert in 0..<expertCount where !chosen[first..<first + count].contains(expert) {
                let logit = logits[start + expert]
                if best < 0 || logit > highest { (best, highest) = (expert, logit) }
                if highest.isNaN { highest = -.infinity }
            }
            // Into its place among those picked: sorting a slice would allocate.
            var place = first + count
            while place > first, chosen[place - 1] > best {
                chosen[place] = chosen[place - 1]
                place -= 1
            }
            chosen[place] = best
            count += 1
        }
    }

    private mutating func shareOut(
        _ row: Int, _ logits: inout FloatBuffer, isNormalised: Bool, kernels: Kernels
    ) {
        let (first, start) = (row * usedCount, row * expertCount)
        kernels.softmax(&logits, start..<start + expertCount)
        var sum: Float = 0
        for choice in first..<first + usedCount {
            chosenShares[choice] = logits[start + chosen[choice]]
            sum = sum + chosenShares[choice]
        }
        guard isNormalised else { return }
        for choice in first..<first + usedCount {
            chosenShares[choice] = chosenShares[choice] / sum
        }
    }

    /// Brings the rows that use an expert together; how many there are.
    mutating func gather(expert: Int) -> Int {
        var count = 0
        for choice in 0..<rowCount * usedCount where chosen[choice] == expert {
            rows[count] = choice / usedCount
            shares[count] = chosenShares[choice]
            count += 1
        }
        return count
    }
}
