//! Pages of the program that starting or compiling needed, and decisions don't, are given back to the system.
//!
//! Starting and compiling run through most of the program, and the system maps 64 KiB around each page that is touched;
//! a server that only decides needs a third of that. What is needed after all is mapped again when it is touched, from the
//! system's cache of files. Memory that was written to stays as it is, and so does the heap.

/// Gives back the pages of the program and its libraries that hold nothing but what their files hold. Where that can't be
/// done, nothing happens. A breakpoint of a debugger is no part of the file, and is lost.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[expect(
    unsafe_code,
    reason = "the system's list of what is loaded, and its advice about memory, have no safe form"
)]
pub fn give_back() {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" fn unmap(
        object: *mut libc::dl_phdr_info,
        _size: usize,
        _data: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader hands over a description that is valid for the call.
        let object = unsafe { &*object };
        if object.dlpi_phdr.is_null() {
            return 0;
        }
        // SAFETY: as above; the headers are part of the loaded object, which stays while the loader lists it.
        let headers =
            unsafe { std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()) };
        // SAFETY: it reads a constant of the system.
        let Ok(page @ 1..) = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }) else {
            return 0;
        };
        let unwritable = headers
            .iter()
            .filter(|header| header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0);
        for header in unwritable {
            // Whole pages only: what shares one with another segment stays.
            let first = (object.dlpi_addr + header.p_vaddr).next_multiple_of(page);
            let end = object.dlpi_addr + header.p_vaddr + header.p_filesz;
            let length = end.saturating_sub(first) / page * page;
            if let (Ok(first), Ok(length @ 1..)) = (usize::try_from(first), usize::try_from(length))
            {
                // SAFETY: the range is within a segment that is mapped from a file and that nobody may write to, the loader
                // included: what it relocates, and makes unwritable afterwards, is in segments that are marked as writable,
                // since code is independent of its place. So the pages hold what the file holds, and reading them after
                // this gives the same bytes. A file that were changed in its place would be as fatal for pages that are not
                // yet mapped.
                let _ = unsafe {
                    libc::madvise(
                        std::ptr::with_exposed_provenance_mut(first),
                        length,
                        libc::MADV_DONTNEED,
                    )
                };
            }
        }
        0
    }

    // SAFETY: the function keeps to what the loader asks of it, and does not unwind.
    let _ = unsafe { libc::dl_iterate_phdr(Some(unmap), std::ptr::null_mut()) };
}

/// Nothing: only Linux is known to keep its word about such pages.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
pub fn give_back() {}
