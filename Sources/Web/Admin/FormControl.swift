import Administration
import Kernel

/// An HTML input, in a form or in the row of a list.
struct FormControl: Sendable {
    /// A choice of a select element.
    struct Option: Sendable {
        let value: String
        let caption: String
        let isSelected: Bool
    }

    let controlName: String
    /// The id of its form, if it is not inside it.
    var owner: String?
    /// Its accessible name, if it has no label.
    var spoken: String?
    /// The id of the element that describes it.
    var description: String?
    let isInvalid: Bool
    let isNeeded: Bool
    let isArea: Bool
    let isChoice: Bool
    let isTick: Bool
    let isTicked: Bool
    let isInput: Bool
    let inputKind: String
    let completion: String?
    let current: String
    let options: [Option]

    init(_ field: AdminForm.Field, name: String, value: String?, isWrong: Bool) {
        controlName = name
        isInvalid = isWrong
        isNeeded = field.isRequired
        var current = value ?? ""
        var (isArea, isChoice, isTick, inputKind) = (false, false, false, "text")
        var completion: String?
        var options: [Option] = []
        switch field.kind {
        case .text, .reference: break
        case .longText: isArea = true
        case .email: inputKind = "email"
        case .number: inputKind = "number"
        case .date: inputKind = "date"
        case .flag: isTick = true
        case .password:
            (inputKind, completion, current) = ("password", "new-password", "")
        case .choice(let choices):
            isChoice = true
            options = choices.map { .init(value: $0.value, caption: $0.title, isSelected: $0.value == current) }
            // A value from the API that is not among the choices is kept until another is selected.
            if !current.isEmpty && !options.contains(where: \.isSelected) {
                options.append(.init(value: current, caption: current, isSelected: true))
            }
            // Optional, or not selected yet.
            if !field.isRequired || current.isEmpty {
                options.insert(.init(value: "", caption: "–", isSelected: current.isEmpty), at: 0)
            }
        }
        self.isArea = isArea
        self.isChoice = isChoice
        self.isTick = isTick
        isInput = !isArea && !isChoice && !isTick
        self.inputKind = inputKind
        self.completion = completion
        // Browsers omit unchecked checkboxes.
        isTicked = isTick && value != nil
        self.current = current
        self.options = options
    }

    /// The name of a row's field in a list.
    static func name(_ key: String, row id: String?) -> String { id.map { "\(key).\($0)" } ?? key }
}
