//! The stylesheet, the script and the icon.

/// A static asset that pages load.
pub(crate) struct Asset {
    /// The name of its file.
    pub(crate) name: &'static str,
    /// Its media type.
    pub(crate) content_type: &'static str,
    hash: u32,
}

/// The stylesheet.
pub(crate) const STYLESHEET: Asset =
    Asset::new("console.css", "text/css; charset=utf-8", include_str!("../../assets/console.css"));
/// The script.
pub(crate) const SCRIPT: Asset =
    Asset::new("console.js", "text/javascript; charset=utf-8", include_str!("../../assets/console.js"));
/// The icon in a browser's tabs.
pub(crate) const ICON: Asset = Asset::new("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg"));

impl Asset {
    /// Hashes the content by FNV-1a, which can be computed while compiling. Only the hash is compiled in.
    const fn new(name: &'static str, content_type: &'static str, text: &'static str) -> Self {
        let mut hash: u32 = 0x811c_9dc5;
        let mut rest = text.as_bytes();
        while let Some((byte, others)) = rest.split_first() {
            hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
            rest = others;
        }
        Self { name, content_type, hash }
    }

    /// The address of this version of the file, which browsers may cache for good.
    pub(crate) fn link(&self) -> String {
        format!("/console/assets/{}?v={:08x}", self.name, self.hash)
    }
}
