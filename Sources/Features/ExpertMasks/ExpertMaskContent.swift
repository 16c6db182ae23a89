import Storage

/// The expert masks of cases.
package struct ExpertMaskContent: CaseContent {
    package init() {}

    package var jobTable: SQL? { "expert_masks" }
}
