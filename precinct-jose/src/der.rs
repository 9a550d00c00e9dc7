//! A reader of DER (ITU-T X.690): definite lengths only, borrowed contents, no recursion.

/// Where the bytes are not the DER that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    /// The element runs past the end of the data.
    #[error("asn1: syntax error: sequence truncated")]
    Truncated,
    /// A length is written in a form DER does not allow.
    #[error("asn1: structure error: malformed length")]
    Length,
    /// Another type of element stands where this tag was expected.
    #[error("asn1: structure error: expected tag {expected:#04x}, found {found:#04x}")]
    Tag {
        /// The tag that the structure demands.
        expected: u8,
        /// The tag that is there.
        found: u8,
    },
    /// Bytes follow where the structure ends.
    #[error("asn1: syntax error: trailing data")]
    Trailing,
    /// The contents are no value of their type.
    #[error("asn1: structure error: malformed {0}")]
    Value(&'static str),
}

/// Universal and often used context-specific tags.
pub mod tag {
    /// BOOLEAN
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER
    pub const OID: u8 = 0x06;
    /// SEQUENCE
    pub const SEQUENCE: u8 = 0x30;
    /// SET
    pub const SET: u8 = 0x31;

    /// A context-specific tag.
    pub const fn context(number: u8, constructed: bool) -> u8 {
        0x80 | number | if constructed { 0x20 } else { 0 }
    }
}

/// One element: its tag, its contents, and all of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier byte.
    pub tag: u8,
    /// What is inside.
    pub contents: &'a [u8],
    /// Identifier, length and contents.
    pub raw: &'a [u8],
}

impl<'a> Element<'a> {
    /// A reader over the contents.
    pub const fn reader(&self) -> Reader<'a> {
        Reader {
            rest: self.contents,
        }
    }
}

/// Reads elements one after another.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything was read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The tag of the next element.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    pub fn any(&mut self) -> Result<Element<'a>, DerError> {
        let (tag, after_tag) = self.rest.split_first().ok_or(DerError::Truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(DerError::Value("tag"));
        }
        let (first, mut after_length) = after_tag.split_first().ok_or(DerError::Truncated)?;
        let mut length = usize::from(*first);
        if *first >= 0x80 {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return Err(DerError::Length);
            }
            let digits = after_length.get(..count).ok_or(DerError::Truncated)?;
            after_length = after_length.get(count..).ok_or(DerError::Truncated)?;
            length = digits
                .iter()
                .fold(0, |sum, digit| (sum << 8) | usize::from(*digit));
            if digits.first() == Some(&0) || length < 0x80 {
                return Err(DerError::Length);
            }
        }
        let contents = after_length.get(..length).ok_or(DerError::Truncated)?;
        let rest = after_length.get(length..).ok_or(DerError::Truncated)?;
        let used = self.rest.len().saturating_sub(rest.len());
        let raw = self.rest.get(..used).ok_or(DerError::Truncated)?;
        self.rest = rest;
        Ok(Element {
            tag: *tag,
            contents,
            raw,
        })
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, expected: u8) -> Result<Element<'a>, DerError> {
        let element = self.any()?;
        if element.tag == expected {
            Ok(element)
        } else {
            Err(DerError::Tag {
                expected,
                found: element.tag,
            })
        }
    }

    /// The next element when it has this tag; otherwise nothing is read.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.peek() == Some(tag) {
            self.any().map(Some)
        } else {
            Ok(None)
        }
    }

    /// A reader over the contents of the next element, a SEQUENCE.
    pub fn sequence(&mut self) -> Result<Self, DerError> {
        Ok(self.expect(tag::SEQUENCE)?.reader())
    }

    /// The contents of the next element, an INTEGER, as two's complement.
    pub fn integer(&mut self) -> Result<&'a [u8], DerError> {
        let contents = self.expect(tag::INTEGER)?.contents;
        match contents {
            [] => Err(DerError::Value("integer")),
            [0, second, ..] if *second < 0x80 => Err(DerError::Value("integer")),
            [0xff, second, ..] if *second >= 0x80 => Err(DerError::Value("integer")),
            _ => Ok(contents),
        }
    }

    /// The next element, an INTEGER that is not negative, without leading zeros.
    pub fn unsigned(&mut self) -> Result<&'a [u8], DerError> {
        let contents = self.integer()?;
        if contents.first().is_some_and(|byte| *byte >= 0x80) {
            return Err(DerError::Value("unsigned integer"));
        }
        Ok(crate::key::strip_zeros(contents))
    }

    /// The next element, an INTEGER that fits in 64 bits.
    pub fn small_unsigned(&mut self) -> Result<u64, DerError> {
        let digits = self.unsigned()?;
        if digits.len() > 8 {
            return Err(DerError::Value("integer: too large"));
        }
        Ok(digits
            .iter()
            .fold(0, |sum, digit| (sum << 8) | u64::from(*digit)))
    }

    /// The next element, an OBJECT IDENTIFIER, as its encoded contents.
    pub fn oid(&mut self) -> Result<&'a [u8], DerError> {
        Ok(self.expect(tag::OID)?.contents)
    }

    /// The next element, a BIT STRING: its bytes and how many bits they hold.
    pub fn bit_string(&mut self) -> Result<(&'a [u8], usize), DerError> {
        bits(self.expect(tag::BIT_STRING)?.contents)
    }

    /// The bytes of the next element, a BIT STRING of whole bytes.
    pub fn bit_string_bytes(&mut self) -> Result<&'a [u8], DerError> {
        let (bytes, length) = self.bit_string()?;
        if length.is_multiple_of(8) {
            Ok(bytes)
        } else {
            Err(DerError::Value("bit string"))
        }
    }

    /// Fails unless everything was read.
    pub const fn finish(&self) -> Result<(), DerError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DerError::Trailing)
        }
    }
}

/// The bytes of a BIT STRING's contents and how many bits they hold.
pub fn bits(contents: &[u8]) -> Result<(&[u8], usize), DerError> {
    let (unused, bytes) = contents
        .split_first()
        .ok_or(DerError::Value("bit string"))?;
    let unused_bits = usize::from(*unused);
    let loose = bytes
        .last()
        .map_or(0, |last| u32::from(*last) & ((1 << unused_bits.min(8)) - 1));
    if unused_bits > 7 || (bytes.is_empty() && unused_bits > 0) || loose != 0 {
        return Err(DerError::Value("bit string"));
    }
    Ok((
        bytes,
        bytes.len().saturating_mul(8).saturating_sub(unused_bits),
    ))
}

/// An object identifier's numbers, from its encoded contents.
pub fn oid_arcs(contents: &[u8]) -> Result<Vec<u64>, DerError> {
    let mut arcs = Vec::new();
    let mut current: u64 = 0;
    let mut inside = false;
    for byte in contents {
        if !inside && *byte == 0x80 || current > u64::MAX >> 8 {
            return Err(DerError::Value("object identifier"));
        }
        current = (current << 7) | u64::from(byte & 0x7f);
        inside = byte & 0x80 != 0;
        if !inside {
            if arcs.is_empty() {
                let first = (current / 40).min(2);
                arcs.push(first);
                arcs.push(current.saturating_sub(first * 40));
            } else {
                arcs.push(current);
            }
            current = 0;
        }
    }
    if inside || arcs.is_empty() {
        return Err(DerError::Value("object identifier"));
    }
    Ok(arcs)
}
