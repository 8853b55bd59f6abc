//! What tells this machine from others.

/// The machine's name; Windows keeps names unique within a network.
pub(crate) fn machine_id() -> String {
    super::host_name().unwrap_or_default()
}

/// Nothing tells one start of the machine from another but rough arithmetic with its clocks. Nothing
/// needs to: processes tell their start in absolute time here, which no other start repeats.
pub(crate) fn boot_id() -> String {
    machine_id()
}
