//! What wit-bindgen makes of the WIT files: one module a world. All worlds share their imports.
//! Jalali dates are `pod-values`' own, which have a calendar.

use std::mem::{offset_of, size_of};

use pod_values::JalaliDate;

// Were a service to take a list of dates, wit-bindgen would pass their memory as it stands.
const _: () = assert!(
    size_of::<JalaliDate>() == 4
        && offset_of!(JalaliDate, year) == 0
        && offset_of!(JalaliDate, month) == 2
        && offset_of!(JalaliDate, day) == 3
);

/// The world `policy`.
pub mod policy {
    wit_bindgen::generate!({
        path: "wit",
        world: "pod:policy/policy",
        with: {
            "pod:platform/types@0.2.0/jalali-date": pod_values::JalaliDate,
            "pod:platform/types@0.2.0/jalali-date-time": pod_values::JalaliDateTime,
        },
        generate_all,
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "__export_policy_world",
        default_bindings_module: "pod_sdk::bindings::policy",
    });
}

/// The world `netting`.
pub mod netting {
    wit_bindgen::generate!({
        path: "wit",
        world: "pod:policy/netting",
        with: {
            "pod:platform/types@0.2.0": crate::bindings::policy::pod::platform::types,
            "pod:policy/types@0.1.0": crate::bindings::policy::pod::policy::types,
            "pod:policy/log@0.1.0": crate::bindings::policy::pod::policy::log,
            "pod:policy/clock@0.1.0": crate::bindings::policy::pod::policy::clock,
            "pod:policy/netting-types@0.1.0": generate,
        },
        pub_export_macro: true,
        additional_derives: [PartialEq],
        export_macro_name: "__export_netting_world",
        default_bindings_module: "pod_sdk::bindings::netting",
    });
}

/// The world `delegation`.
#[allow(clippy::too_many_arguments, reason = "wit-bindgen lowers each part of an argument alone")]
pub mod delegation {
    wit_bindgen::generate!({
        path: "wit",
        world: "pod:policy/delegation",
        with: {
            "pod:platform/types@0.2.0": crate::bindings::policy::pod::platform::types,
            "pod:policy/types@0.1.0": crate::bindings::policy::pod::policy::types,
            "pod:policy/log@0.1.0": crate::bindings::policy::pod::policy::log,
            "pod:policy/clock@0.1.0": crate::bindings::policy::pod::policy::clock,
            "pod:policy/delegation-types@0.1.0": generate,
        },
        pub_export_macro: true,
        additional_derives: [PartialEq],
        export_macro_name: "__export_delegation_world",
        default_bindings_module: "pod_sdk::bindings::delegation",
    });
}

/// The world `loan-plan`.
#[allow(clippy::too_many_arguments, reason = "wit-bindgen lowers each part of an argument alone")]
pub mod loan_plan {
    wit_bindgen::generate!({
        path: "wit",
        world: "pod:policy/loan-plan",
        with: {
            "pod:platform/types@0.2.0/jalali-date": pod_values::JalaliDate,
            "pod:platform/types@0.2.0": crate::bindings::policy::pod::platform::types,
            "pod:policy/types@0.1.0": crate::bindings::policy::pod::policy::types,
            "pod:policy/log@0.1.0": crate::bindings::policy::pod::policy::log,
            "pod:policy/clock@0.1.0": crate::bindings::policy::pod::policy::clock,
            "pod:policy/loan-plan-types@0.1.0": generate,
        },
        pub_export_macro: true,
        additional_derives: [PartialEq],
        export_macro_name: "__export_loan_plan_world",
        default_bindings_module: "pod_sdk::bindings::loan_plan",
    });
}
