//! The stylesheet, the script and the icon.

/// A file that pages load.
pub(crate) struct Asset {
    /// Its path.
    pub(crate) address: &'static str,
    /// Its content.
    pub(crate) text: &'static str,
    hash: u32,
}

/// The stylesheet.
pub(crate) const STYLESHEET: Asset = Asset::new("/console/assets/console.css", include_str!("console.css"));
/// The script.
pub(crate) const SCRIPT: Asset = Asset::new("/console/assets/console.js", include_str!("console.js"));
/// The icon in a browser's tabs.
pub(crate) const ICON: Asset = Asset::new("/console/assets/icon.svg", include_str!("icon.svg"));

impl Asset {
    /// Hashes the content by FNV-1a, which can be computed while compiling.
    const fn new(address: &'static str, text: &'static str) -> Self {
        let mut hash: u32 = 0x811c_9dc5;
        let mut rest = text.as_bytes();
        while let Some((byte, others)) = rest.split_first() {
            hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
            rest = others;
        }
        Self { address, text, hash }
    }

    /// The address of this version of the file, which browsers may cache for good.
    pub(crate) fn link(&self) -> String {
        format!("{}?v={:08x}", self.address, self.hash)
    }
}
