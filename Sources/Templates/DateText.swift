/// A time of the proleptic Gregorian calendar, in UTC, as text.
struct DateText {
    private let year: Int
    private let month: Int
    private let day: Int
    private let dayOfYear: Int
    /// 0 is Sunday.
    private let weekday: Int
    private let second: Int

    init(secondsSince1970: Int) {
        let days = Int((Double(secondsSince1970) / 86_400).rounded(.down))
        second = secondsSince1970 - days * 86_400
        weekday = ((days + 4) % 7 + 7) % 7
        // Howard Hinnant's civil_from_days: years from March, eras of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfMarchYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfMarchYear + 2) / 153
        day = dayOfMarchYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        self.year = year
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        dayOfYear = lengths[..<(month - 1)].reduce(day, +)
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    /// C's `strftime` in the C locale.
    func formatted(_ format: String) throws(TemplateError) -> String {
        var result = TextWriter()
        var rest = Text.scalars(format)[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%", var code = rest.popFirst() else {
                try result.write(scalar)
                continue
            }
            let isBare = code == "-"
            if isBare { code = rest.popFirst() ?? "%" }
            let text = try field(code)
            try result.write(isBare ? withoutZeros(text) : text)
        }
        return result.text
    }

    private func withoutZeros(_ text: String) -> String {
        let kept = text.drop { $0 == "0" }
        return kept.isEmpty ? "0" : String(kept)
    }

    private func field(_ code: Unicode.Scalar) throws(TemplateError) -> String {
        let (hour, minute) = (second / 3_600, second / 60 % 60)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        switch code {
        case "Y": return "\(year)"
        case "y": return two(year % 100)
        case "m": return two(month)
        case "d": return two(day)
        case "e": return day < 10 ? " \(day)" : "\(day)"
        case "B": return Self.months[month - 1]
        case "b", "h": return String(Self.months[month - 1].prefix(3))
        case "A": return Self.weekdays[weekday]
        case "a": return String(Self.weekdays[weekday].prefix(3))
        case "w": return "\(weekday)"
        case "u": return "\(weekday == 0 ? 7 : weekday)"
        case "j": return dayOfYear < 100 ? "0" + two(dayOfYear) : "\(dayOfYear)"
        case "H": return two(hour)
        case "I": return two((hour + 11) % 12 + 1)
        case "p": return hour < 12 ? "AM" : "PM"
        case "M": return two(minute)
        case "S": return two(second % 60)
        case "F": return try formatted("%Y-%m-%d")
        case "T": return try formatted("%H:%M:%S")
        case "R": return try formatted("%H:%M")
        case "D", "x": return try formatted("%m/%d/%y")
        case "X": return try formatted("%H:%M:%S")
        case "c": return try formatted("%a %b %e %H:%M:%S %Y")
        case "n": return "\n"
        case "t": return "\t"
        case "z", "Z": return ""
        case "%": return "%"
        default: return "%" + String(code)
        }
    }
}
