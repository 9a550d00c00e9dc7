//! Whether a text fits a pattern, told byte by byte by a deterministic automaton that the compiler made.

/// The row of texts that do not fit, whatever follows.
pub const DEAD: u16 = u16::MAX;
/// The row of texts that fit, whatever follows.
pub const FITS: u16 = u16::MAX - 1;
/// The row that it is in already.
pub const STAY: u16 = u16::MAX - 2;

/// An automaton over bytes: needs no memory and a look-up per byte, and stops where the answer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Automaton {
    /// A text fits from its beginning on, or not at all.
    pub anchored: bool,
    /// What every text that fits begins with.
    pub prefix: &'static [u8],
    /// The column of each byte.
    pub columns: &'static [u8; 256],
    /// The rows one after the other, as little-endian `u16`s: for each column the place of the next row's first entry,
    /// [`STAY`], [`DEAD`] or [`FITS`]; the last column is the end of the text.
    pub rows: &'static [u8],
    /// How many entries a row has.
    pub width: u16,
    /// The row right behind the prefix.
    pub start: u16,
}

impl Automaton {
    /// Whether the text fits.
    #[inline]
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        let Some(rest) = text.as_bytes().strip_prefix(self.prefix) else {
            return false;
        };
        let mut row = self.start;
        if row >= FITS {
            return row == FITS;
        }
        for byte in rest {
            let next = self.next(row, u16::from(self.columns[usize::from(*byte)]));
            // The processor guesses that it stays, as it does nearly always, and does not wait for what it has read
            // before it reads on.
            if next == STAY {
                continue;
            }
            if next >= FITS {
                return next == FITS;
            }
            row = next;
        }
        self.next(row, self.width.wrapping_sub(1)) == FITS
    }

    #[inline]
    fn next(&self, row: u16, column: u16) -> u16 {
        let at = 2 * (usize::from(row) + usize::from(column));
        match self.rows.get(at..at + 2) {
            Some([low, high]) => u16::from_le_bytes([*low, *high]),
            // Not in what the compiler makes.
            _ => DEAD,
        }
    }
}
