//! What a git server says, packet by packet, so that one can stop in the middle or never end.
//! Source: `gitprotocol-pack` and `gitprotocol-common` of the git documentation.

/// The commit that these servers offer and nobody has.
pub const TIP: &str = "1111111111111111111111111111111111111111";

/// The end of a list of packets.
pub const FLUSH: &[u8] = b"0000";

/// The answer to a client that has nothing in common.
pub const NAK: &[u8] = b"0008NAK\n";

/// How the last packet of a client's question ends.
pub const DONE: &[u8] = b"0009done\n";

/// One packet: its length in four hex digits, and its bytes.
#[must_use]
pub fn packet(bytes: &[u8]) -> Vec<u8> {
    let mut packet = format!("{:04x}", bytes.len() + 4).into_bytes();
    packet.extend_from_slice(bytes);
    packet
}

/// The first packets of an advertisement: `HEAD`, and `main` that it names.
#[must_use]
pub fn advertised() -> Vec<u8> {
    let abilities = "multi_ack_detailed side-band-64k ofs-delta symref=HEAD:refs/heads/main";
    let mut packets = packet(format!("{TIP} HEAD\0{abilities}\n").as_bytes());
    packets.extend(packet(format!("{TIP} refs/heads/main\n").as_bytes()));
    packets
}

/// The beginning of a pack of one blob of 4 GiB, whose compressed bytes [`stored`] goes on with.
#[must_use]
pub fn pack_begins() -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
    // Type 3 with four bits of the size, then seven bits a byte, lowest first: 2^32.
    pack.extend([0xB0, 0x80, 0x80, 0x80, 0x80, 0x01]);
    // Of a zlib stream without a dictionary.
    pack.extend([0x78, 0x01]);
    pack
}

/// A block that deflate stores as it is, not the last one; 32 KiB.
#[must_use]
pub fn stored() -> Vec<u8> {
    let length: u16 = 0x8000;
    let mut block = vec![0];
    block.extend(length.to_le_bytes());
    block.extend((!length).to_le_bytes());
    block.resize(block.len() + usize::from(length), b'x');
    block
}
