//! The name of this process's user, from the system's list of accounts.

use std::env;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr;

use rustix::process::geteuid;

/// Where a line of the list of accounts has more, it is taken for unknown.
const ACCOUNT_BYTES_MAX: usize = 64 << 10;

pub(crate) fn own_user_name() -> Option<String> {
    listed().or_else(|| env::var("USER").ok().or_else(|| env::var("LOGNAME").ok()))
}

#[expect(
    unsafe_code,
    reason = "the C library alone reads every list of accounts"
)]
fn listed() -> Option<String> {
    let mut account = MaybeUninit::<libc::passwd>::uninit();
    let mut text = vec![0_u8; ACCOUNT_BYTES_MAX];
    let mut found = ptr::null_mut();
    // SAFETY: every pointer is to memory that outlives the call, and the length is that of `text`.
    let code = unsafe {
        libc::getpwuid_r(
            geteuid().as_raw(),
            account.as_mut_ptr(),
            text.as_mut_ptr().cast(),
            text.len(),
            &raw mut found,
        )
    };
    if code != 0 || found.is_null() {
        return None;
    }
    // SAFETY: it was found, so `account` is filled in and its name is a string within `text`.
    let name = unsafe { CStr::from_ptr((*account.as_ptr()).pw_name) };
    name.to_str().ok().map(str::to_owned)
}
