import Glibc
import Primitives
import Runtime

/// Something the command could not do, in one sentence.
struct CommandError: Error, CustomStringConvertible {
    var description: String
    var exitCode: Int32 = 1

    init(_ sentence: String, exitCode: Int32 = 1) {
        description = sentence
        self.exitCode = exitCode
    }
}

/// The way from what was typed to the command that does it.
public enum Program {
    /// Runs the command of this process; the result is its exit code.
    public static func run() -> Int32 {
        Console.fillClosedDescriptors()
        for index in 1..<max(1, Int(CommandLine.argc)) {
            // The arguments live as long as the process, each with a zero at its end.
            if let word = unsafe CommandLine.unsafeArgv[index],
                unsafe String(validatingCString: word) == nil
            {
                Console.note("bored: Argument \(index) is not UTF-8 text.")
                return UsageError.exitCode
            }
        }
        return run(Array(CommandLine.arguments.dropFirst()))
    }

    /// Runs one command; the result is the exit code of the process.
    public static func run(_ arguments: [String]) -> Int32 {
        do {
            let code = try dispatch(arguments)
            if let reason = Console.failure {
                throw CommandError("The output could not be written: \(reason).")
            }
            return code
        } catch let error as UsageError {
            Console.note("bored: \(error)")
            return UsageError.exitCode
        } catch let error as CommandError {
            Console.note("bored: \(error)")
            return error.exitCode
        } catch {
            Console.note("bored: \(error)")
            return 1
        }
    }

    private static func dispatch(_ arguments: [String]) throws -> Int32 {
        if arguments.count > 1, arguments[0] == "help" {
            return try dispatch(arguments.dropFirst() + ["--help"])
        }
        guard let first = arguments.first, first != "--help", first != "-h", first != "help" else {
            Console.out(Help.overview(CommandList.all, about: CommandList.about))
            return 0
        }
        if first == "--version" {
            Console.line("bored \(version)")
            return 0
        }
        // `model import` is one name of two words.
        let isGroup = CommandList.all.contains { $0.name.hasPrefix(first + " ") }
        if isGroup, arguments.count == 1 || arguments[1].hasPrefix("-") {
            let group = CommandList.all.filter { $0.name.hasPrefix(first + " ") }
            Console.out(Help.overview(group, about: CommandList.about))
            return arguments.count == 1 ? UsageError.exitCode : 0
        }
        let name = isGroup ? first + " " + arguments[1] : first
        let command = try Help.command(name, among: CommandList.all)
        let settings = try Settings(
            command, arguments: Array(arguments.dropFirst(isGroup ? 2 : 1)),
            environment: environmentValue, readFile: { try? FileBytes.read($0) })
        if settings.wantsHelp {
            Console.out(Help.text(of: command))
            return 0
        }
        return try run(name, settings)
    }

    private static func run(_ name: String, _ settings: Settings) throws -> Int32 {
        switch name {
        case "node": try NodeCommand.run(settings)
        case "prompt": try PromptCommand.run(settings)
        case "presence": try PresenceCommand.run(settings)
        case "counters": try CountersCommand.run(settings)
        case "pause": try PauseCommand.pause(settings)
        case "resume": try PauseCommand.resume(settings)
        case "health": try HealthCommand.run(settings)
        case "model import": try ModelCommand.importModel(settings)
        case "model list": try ModelCommand.list(settings)
        case "model remove": try ModelCommand.remove(settings)
        case "model info": try InfoCommand.run(settings)
        case "model logits": try LogitsCommand.run(settings)
        case "model generate": try GenerateCommand.run(settings)
        case "model perplexity": try PerplexityCommand.run(settings)
        case "embed": try EmbedCommand.run(settings)
        case "model tokenize": try TokenizeCommand.run(settings)
        case "model render": try RenderCommand.run(settings)
        case "key": try KeyCommand.run(settings)
        case "bench": try BenchCommand.run(settings)
        case "simulate": try SimulateCommand.run(settings)
        default: try DemoCommand.run(settings)
        }
    }

    static let version = "0.1.0"
}

/// A variable of the environment, or nil.
func environmentValue(_ name: String) -> String? {
    // The string is copied before anybody can change the environment.
    unsafe getenv(name).map { unsafe String(cString: $0) }
}
