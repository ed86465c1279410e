//! The stylesheet and the script.

/// A file that belongs to the pages.
pub(crate) struct Asset {
    /// Where it is, with what tells this version from others.
    pub(crate) address: &'static str,
    /// What is in it.
    pub(crate) text: &'static str,
    hash: u32,
}

/// What the pages look like.
pub(crate) const STYLESHEET: Asset = Asset::new("/console/assets/console.css", include_str!("console.css"));
/// What makes them handier.
pub(crate) const SCRIPT: Asset = Asset::new("/console/assets/console.js", include_str!("console.js"));
/// What stands for them in a browser's tabs.
pub(crate) const ICON: Asset = Asset::new("/console/assets/icon.svg", include_str!("icon.svg"));

impl Asset {
    /// FNV-1a tells versions apart, and can be computed while compiling.
    const fn new(address: &'static str, text: &'static str) -> Self {
        let mut hash: u32 = 0x811c_9dc5;
        let mut rest = text.as_bytes();
        while let Some((byte, others)) = rest.split_first() {
            hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
            rest = others;
        }
        Self { address, text, hash }
    }

    /// The address of this version.
    pub(crate) fn link(&self) -> String {
        format!("{}?v={:08x}", self.address, self.hash)
    }
}
