/// Prompts whose answers repeat some of them, as an editor's and a reader's do.
enum DraftTexts {
    static let all = [
        ("code that is edited", code + editing, editedCode),
        ("a summary with quotes", page + summing, summary),
    ]

    private static let code = """
        func average(_ numbers: [Double]) -> Double {
            var sum = 0.0
            for number in numbers {
                sum += number
            }
            return sum / Double(numbers.count)
        }

        func spread(_ numbers: [Double]) -> Double {
            let middle = average(numbers)
            var sum = 0.0
            for number in numbers {
                let distance = number - middle
                sum += distance * distance
            }
            return (sum / Double(numbers.count)).squareRoot()
        }

        func report(_ readings: [Double]) {
            print("average", average(readings))
            print("spread", spread(readings))
        }

        """

    private static let editing = """

        Empty arrays must give nil, and the spread is to be of a sample. Write the file anew.

        """

    private static let editedCode = """
        func average(_ numbers: [Double]) -> Double? {
            guard !numbers.isEmpty else { return nil }
            var sum = 0.0
            for number in numbers {
                sum += number
            }
            return sum / Double(numbers.count)
        }

        func spread(_ numbers: [Double]) -> Double? {
            guard numbers.count > 1, let middle = average(numbers) else { return nil }
            var sum = 0.0
            for number in numbers {
                let distance = number - middle
                sum += distance * distance
            }
            return (sum / Double(numbers.count - 1)).squareRoot()
        }

        func report(_ readings: [Double]) {
            print("average", average(readings) ?? "of nothing")
            print("spread", spread(readings) ?? "of too few")
        }

        """

    private static let page = """
        The harbour of the town was built twice. The first time, in the year of the great frost, \
        the masons set the stones straight on the mud, and within ten winters the western wall \
        had sunk by the height of a man. Fishermen who had paid for it with a tenth of their \
        catch were not amused. The second time a miller who had never seen the sea had an idea: \
        he let them sink old barges full of gravel first, and build on those. The council laughed \
        at him for an evening, tried it in one corner, and then did it everywhere. The wall has \
        stood for two hundred years since, and divers say that the barges are still there, with \
        their ribs as hard as iron. What nobody foresaw is that the gravel would become a home for \
        lobsters, which the town had never had before. Today more people come for these than for \
        the fish, and the miller has a street of his own.

        """

    private static let summing = """

        Sum this up in some sentences, and quote what matters.

        """

    private static let summary = """
        It took two attempts. At first "the masons set the stones straight on the mud, and within \
        ten winters the western wall had sunk by the height of a man". Help came from outside the \
        trade: "a miller who had never seen the sea had an idea: he let them sink old barges full \
        of gravel first, and build on those". It held: "The wall has stood for two hundred years \
        since, and divers say that the barges are still there, with their ribs as hard as iron". A \
        surprise came with it, since "the gravel would become a home for lobsters, which the town \
        had never had before". That is why the man "has a street of his own".
        """
}
