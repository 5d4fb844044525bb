//! The committed TypeScript, for `sluice types` and `/api/v1/types.ts`.

/// The generated files of `bindings/`, each complete in itself.
const FILES: [(&str, &str); 3] = [
    ("protocol.ts", include_str!("../../bindings/protocol.ts")),
    ("learning.ts", include_str!("../../bindings/learning.ts")),
    ("api.ts", include_str!("../../bindings/api.ts")),
];

/// Every file of `bindings/`, name and text.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.into_iter().chain([("index.ts", include_str!("../../bindings/index.ts"))])
}

/// All types in one module. No name is in two of the files, and none imports another.
pub fn types_ts() -> String {
    FILES.map(|(_, text)| text).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_module_holds_every_type_once() {
        let module = types_ts();
        let mut names: Vec<_> = module
            .lines()
            .filter_map(|line| line.strip_prefix("export type "))
            .map(|rest| rest.split([' ', '<']).next().unwrap())
            .collect();
        assert!(names.contains(&"LearningEvent") && names.contains(&"MessageHeaders"));
        assert!(names.contains(&"PublishResponse"));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "a name is there twice");
        assert!(!module.contains("import "));
    }
}
