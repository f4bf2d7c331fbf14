//! What wit-bindgen makes of the WIT files: one module a world. Both worlds share their imports.

/// The world `policy`.
pub mod policy {
    wit_bindgen::generate!({
        path: "../wit",
        world: "pod:policy/policy",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "__export_policy_world",
        default_bindings_module: "pod_sdk::bindings::policy",
    });
}

/// The world `netting`.
pub mod netting {
    wit_bindgen::generate!({
        path: "../wit",
        world: "pod:policy/netting",
        with: {
            "pod:platform/types@0.1.0": crate::bindings::policy::pod::platform::types,
            "pod:policy/types@0.1.0": crate::bindings::policy::pod::policy::types,
            "pod:policy/log@0.1.0": crate::bindings::policy::pod::policy::log,
            "pod:policy/clock@0.1.0": crate::bindings::policy::pod::policy::clock,
            "pod:policy/netting-types@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "__export_netting_world",
        default_bindings_module: "pod_sdk::bindings::netting",
    });
}
