//! Who a process runs as: its SID, in words.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::{GetTokenInformation, TOKEN_QUERY, TOKEN_USER, TokenUser};
use windows_sys::Win32::System::Threading::{OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION};

use super::process;

/// `TOKEN_USER` and the longest SID behind it take less. Words, for their alignment.
const USER_WORDS: usize = 32;

/// No SID in words is longer. Source: SECURITY_MAX_SID_STRING_CHARACTERS.
const SID_CHARACTERS_MAX: usize = 187;

pub(crate) fn own_user_id() -> io::Result<String> {
    user_of(std::process::id())
}

pub(crate) fn is_run_by_us(pid: u32) -> io::Result<bool> {
    Ok(user_of(pid)? == own_user_id()?)
}

#[expect(unsafe_code, reason = "the system alone tells who a process runs as")]
fn user_of(pid: u32) -> io::Result<String> {
    let process = process::open(pid, PROCESS_QUERY_LIMITED_INFORMATION)?;
    let mut token = ptr::null_mut();
    // SAFETY: the process is open, and `token` outlives the call.
    if unsafe { OpenProcessToken(process.as_raw_handle(), TOKEN_QUERY, &raw mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and nobody else has it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    let mut words = [0_usize; USER_WORDS];
    let len = u32::try_from(size_of_val(&words)).map_err(io::Error::other)?;
    let mut needed = 0;
    // SAFETY: the token is open, and the length is that of `words`.
    let known = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            words.as_mut_ptr().cast(),
            len,
            &raw mut needed,
        )
    };
    if known == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was filled in with a `TOKEN_USER`, and is aligned for it.
    let user = unsafe { &*words.as_ptr().cast::<TOKEN_USER>() };
    let mut text = ptr::null_mut();
    // SAFETY: the SID lies in `words`, and `text` outlives the call.
    if unsafe { ConvertSidToStringSidW(user.User.Sid, &raw mut text) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it ends with a NUL, which `take_while` stops at.
    let characters = (0..SID_CHARACTERS_MAX).map(|at| unsafe { *text.add(at) });
    let words: Vec<u16> = characters.take_while(|character| *character != 0).collect();
    // SAFETY: the system gave it, and it is not used after this.
    unsafe { LocalFree(text.cast()) };
    String::from_utf16(&words).map_err(io::Error::other)
}
