import Checkpoints
import Templates

/// Why a template can't be rendered; nil where it can.
func error(_ source: String, _ variables: JSONObject = JSONObject()) -> TemplateError? {
    do throws(TemplateError) {
        _ = try Template(source).render(variables)
        return nil
    } catch {
        return error
    }
}
