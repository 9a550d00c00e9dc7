//! The standard output, whose reader may have gone: `precinct … | head`. With `std`'s macros that is a panic.

use std::fmt::Arguments;
use std::io::{self, Write as _};

/// What a shell shows for a program that the signal of a closed pipe has ended.
const CLOSED: i32 = 128 + 13;

/// Writes to the standard output, as `std::print` does; ends the process when it can't.
macro_rules! print {
    ($($part:tt)*) => { $crate::output::write(::std::format_args!($($part)*)) };
}

/// The same with the end of a line.
macro_rules! println {
    ($($part:tt)*) => {
        $crate::output::write(::std::format_args!("{}\n", ::std::format_args!($($part)*)))
    };
}

/// What the macros write with.
pub fn write(text: Arguments<'_>) {
    match io::stdout().lock().write_fmt(text) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(CLOSED),
        Err(error) => {
            eprintln!("error: standard output: {error}");
            std::process::exit(1)
        }
    }
}
