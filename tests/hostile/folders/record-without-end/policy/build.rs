fn main() {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/ran"), "with the operator's rights").unwrap();
}
