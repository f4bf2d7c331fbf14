//! Deciders: the host fetches what they decide about, asks them in a fresh sandbox without
//! capabilities, checks the answer against POD's rules, and carries it out through the door.

pub(crate) mod netting;
