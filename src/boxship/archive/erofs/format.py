"""EROFS on disk (kernel, fs/erofs/erofs_fs.h and Documentation/filesystems/erofs.rst): what the writer needs of it.

Blocks of 512 bytes, so that the data of a tar's members lies on blocks. The image itself has only metadata; each
layer's tar is a further device, addressed behind the image ("unified addressing").
"""

from __future__ import annotations

import stat
import struct

BLOCK_BITS = 9
BLOCK = 1 << BLOCK_BITS
SUPER_OFFSET = 1024
MAGIC = 0xE0F5E1E2
COMPAT_MTIME = 0x2
INCOMPAT_CHUNKED_FILE = 0x4
INCOMPAT_DEVICE_TABLE = 0x8
# magic, checksum, feature_compat, blkszbits, extslots, root_nid; inos, epoch, fixed_nsec, blocks, meta_blkaddr,
# xattr_blkaddr, uuid, volume_name, feature_incompat, compr_algs, extra_devices, devt_slotoff, dirblkbits,
# xattr_prefix_count, xattr_prefix_start, packed_nid, reserved
SUPER = struct.Struct("<IIIBBHQQIIII16s16sIHHHBBIQ24x")
# struct erofs_deviceslot: tag, blocks, unified address
DEVICE = struct.Struct("<64sII56x")
DEVICE_OFFSET = SUPER_OFFSET + 128
# i_format, i_xattr_icount, i_mode, reserved, i_size, i_u, i_ino, i_uid, i_gid, i_mtime, i_mtime_nsec, i_nlink
INODE = struct.Struct("<HHHHQIIIIqII16x")
INODE_SIZE = 64
NID_BITS = 5
EXTENDED = 1
FLAT_PLAIN = 0 << 1
FLAT_INLINE = 2 << 1
CHUNK_BASED = 4 << 1
CHUNK_INDEXES = 0x20
# struct erofs_inode_chunk_index: advise, device_id, blkaddr
CHUNK = struct.Struct("<HHI")
HOLE = 0xFFFFFFFF
# nid, nameoff, file_type, reserved
DIRENT = struct.Struct("<QHBB")
FILE_TYPES = {
    stat.S_IFREG: 1,
    stat.S_IFDIR: 2,
    stat.S_IFCHR: 3,
    stat.S_IFBLK: 4,
    stat.S_IFIFO: 5,
    stat.S_IFSOCK: 6,
    stat.S_IFLNK: 7,
}
XATTR_HEADER = 12
# e_name_len, e_name_index, e_value_size
XATTR = struct.Struct("<BBH")
# The longest first: what an index stands for is left out of the name.
XATTR_PREFIXES = (
    (b"system.posix_acl_access", 2),
    (b"system.posix_acl_default", 3),
    (b"security.", 6),
    (b"trusted.", 4),
    (b"user.", 1),
)


def xattr_body(xattrs: dict[bytes, bytes]) -> bytes:
    """The extended attributes of an inode as they stand behind it."""
    body = bytearray(XATTR_HEADER)
    for name, value in sorted(xattrs.items()):
        for prefix, index in XATTR_PREFIXES:
            if name.startswith(prefix):
                rest = name[len(prefix) :]
                body += XATTR.pack(len(rest), index, len(value)) + rest + value
                body += bytes(-len(body) % 4)
                break
    return bytes(body)
