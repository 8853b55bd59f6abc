//! Disks, as Windows tells of them.

use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;

#[expect(unsafe_code, reason = "the standard library has no call for it")]
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let wide: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let mut free = 0;
    // SAFETY: the path ends with a NUL, and one number is written.
    let done = unsafe {
        GetDiskFreeSpaceExW(
            wide.as_ptr(),
            &raw mut free,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(free)
}

/// A share is named by two separators in front.
pub(crate) fn remote_kind(path: &Path) -> Option<&'static str> {
    let text = path.to_str()?;
    let is_share = text.starts_with(r"\\") && !text.starts_with(r"\\?\");
    is_share.then_some("network share")
}

/// The system watches trees, not folders.
pub(crate) fn watches_max() -> Option<u64> {
    None
}
