//! Exchanges of files by `ReplaceFileW`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Storage::FileSystem::{MoveFileExW, ReplaceFileW};

#[expect(unsafe_code, reason = "the standard library has no call for it")]
pub(crate) fn exchange(aside: &Path, path: &Path) -> io::Result<()> {
    let mut out = OsString::from(aside.as_os_str());
    out.push(".out");
    let out = Path::new(&out);
    let names = [path, aside, out].map(wide);
    // SAFETY: each name ends with a NUL and outlives the call; the last two arguments are reserved.
    let done = unsafe {
        ReplaceFileW(
            names[0].as_ptr(),
            names[1].as_ptr(),
            names[2].as_ptr(),
            0,
            ptr::null(),
            ptr::null(),
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    fs::rename(out, aside)
}

#[expect(
    unsafe_code,
    reason = "the standard library's rename replaces what it finds"
)]
pub(crate) fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    let names = [from, to].map(wide);
    // SAFETY: both names end with a NUL and outlive the call.
    let done = unsafe { MoveFileExW(names[0].as_ptr(), names[1].as_ptr(), 0) };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}
