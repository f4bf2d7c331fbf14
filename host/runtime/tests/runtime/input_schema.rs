//! What a policy declares of its input is checked when policy.toml is read, as its settings are.

use std::path::Path;

use pod_host::Manifest;

fn refused(world: &str, text: &str) -> String {
    let head = format!("name = \"t\"\nversion = \"1\"\nworld = \"{world}\"\nentry = \"a.rhai\"\n");
    let read = Manifest::parse(Path::new("policy.toml"), &format!("{head}{text}"));
    read.expect_err("there is a mistake").to_string()
}

#[test]
fn a_schema_that_is_none_is_told_with_its_line() {
    for (text, says) in [
        (
            "[input-schema.limit]\ntype = \"whole\"\n",
            "6:8: `input-schema.limit.type`: is no JSON Schema",
        ),
        ("[input-schema]\nlimit = 3\n", "6:9: `input-schema.limit`: must be a table"),
        ("[input-schema.stated]\n", "`input-schema.stated`: `stated` is no field's name"),
        (
            "[input-schema.limit]\ntype = \"integer\"\ndefault = \"5\"\n",
            "7:11: `input-schema.limit.default`: \"5\" is not of type \"integer\"",
        ),
        ("[input-schema.a]\n\"$ref\" = \"#\"\n", "`input-schema.a.$ref`: is not taken in a schema"),
        ("[input-schema.a]\npattern = \"(?=a)a\"\n", "`input-schema.a.pattern`: is no JSON Schema"),
    ] {
        let error = refused("policy", text);
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }
    let lists = format!("[input-schema.a]\nenum = [{}]", "0,".repeat(2_000));
    assert!(refused("policy", &lists).contains("2000 values at most"));
}

#[test]
fn what_a_decider_takes_is_the_hosts() {
    for world in ["netting", "delegation", "loan-plan"] {
        let error = refused(world, "[input-schema.limit]\ntype = \"integer\"\n");
        let says = format!("`input-schema`: what the world `{world}` takes is the host's");
        assert!(error.contains(&says), "{error}");
    }
}
