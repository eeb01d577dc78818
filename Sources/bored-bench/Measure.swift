import Primitives
import Runtime

/// The time that `body` takes, in seconds.
func seconds(_ body: () -> Void) -> Double {
    let start = SystemClock.now()
    body()
    return max(1e-9, SystemClock.now().since(start).seconds)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// Two digits behind the point.
func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

func report(_ what: String, _ figure: String) { print("\(what): \(figure)") }
