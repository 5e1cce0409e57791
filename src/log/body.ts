/**
 * The body of a version in canonical CBOR: `[mtime, flags, content]`.
 *
 * mtime: nanoseconds since 1970, signed 64 bits; flags: 1 executable, 2 unstable; content:
 * `[size, depth, root]` of a file (root null exactly where size is 0), the bytes of a symlink's
 * target, or null for a directory.
 */

import { asArray, asBigInt, asBytes, asInteger, decode, encode, type CborValue } from '../codec.ts';
import type { Manifest } from '../chunking/manifest.ts';
import { hmacSha256, type SecretKey } from '../crypto/hash.ts';
import { VaultError } from '../errors.ts';
import { MAX_BODY_BYTES, MAX_MANIFEST_DEPTH, MAX_SYMLINK_BYTES } from '../limits.ts';
import { pathFromBytes, pathToBytes } from '../path-bytes.ts';
import { DIGEST_BYTES, invalid } from './link.ts';
import { ID_BYTES } from './log-id.ts';
import type { Body, VersionKind } from './types.ts';

const EXECUTABLE = 1;
const UNSTABLE = 2;

/** The canonical bytes of `body`. Throws `VAULT_ENTRY_INVALID` for what {@link decodeBody} would refuse. */
export function encodeBody(body: Body): Uint8Array {
  checkBody(body);
  const flags = (body.executable ? EXECUTABLE : 0) | (body.unstable ? UNSTABLE : 0);
  return encode([body.mtimeNs, flags, contentToValue(body)]);
}

/** The inverse of {@link encodeBody}. Throws `VAULT_ENTRY_INVALID` or `VAULT_LIMIT_EXCEEDED`. */
export function decodeBody(bytes: Uint8Array): Body {
  if (bytes.length > MAX_BODY_BYTES) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `body above ${MAX_BODY_BYTES} bytes`);
  }
  const value = asArray(decode(bytes), 3, 3);
  const flags = asInteger(value[1], 0, EXECUTABLE | UNSTABLE);
  const content = value[2];
  const body: Body = {
    manifest: Array.isArray(content) ? asManifest(content) : undefined,
    mtimeNs: asBigInt(value[0]),
    executable: (flags & EXECUTABLE) !== 0,
    symlink:
      content === null || Array.isArray(content) ? undefined : pathFromBytes(asBytes(content)),
    unstable: (flags & UNSTABLE) !== 0,
  };
  checkBody(body);
  return body;
}

/** Which kind of version this is the body of; a deletion has none. */
export function bodyKind(body: Body): Exclude<VersionKind, 'deletion'> {
  if (body.manifest !== undefined) return 'file';
  return body.symlink === undefined ? 'directory' : 'symlink';
}

/**
 * The digest of a link: 16 bytes of HMAC-SHA256 under the folder's digest key over what makes
 * contents equal, `[executable, content]` in canonical CBOR. Empty for a directory. It stays the
 * same for the folder's life, on every node.
 */
export function contentDigest(digestKey: SecretKey, body: Body): Uint8Array {
  if (bodyKind(body) === 'directory') return new Uint8Array(0);
  const mac = hmacSha256(digestKey, encode([body.executable, contentToValue(body)]));
  return mac.subarray(0, DIGEST_BYTES);
}

function contentToValue(body: Body): CborValue {
  if (body.manifest !== undefined) {
    return [body.manifest.size, body.manifest.depth, body.manifest.root ?? null];
  }
  return body.symlink === undefined ? null : pathToBytes(body.symlink);
}

function asManifest(value: CborValue): Manifest {
  const parts = asArray(value, 3, 3);
  const root = parts[2];
  return {
    size: asInteger(parts[0]),
    depth: asInteger(parts[1], 0, MAX_MANIFEST_DEPTH),
    root: root === null ? undefined : asBytes(root, ID_BYTES),
  };
}

function checkBody(body: Body): void {
  const { manifest, mtimeNs, symlink } = body;
  if (BigInt.asIntN(64, mtimeNs) !== mtimeNs) throw invalid('a time of 64 bits');
  if (manifest !== undefined) {
    const { size, depth, root } = manifest;
    if (symlink !== undefined) throw invalid('a file or a symlink');
    asInteger(size);
    asInteger(depth, 0, MAX_MANIFEST_DEPTH);
    if (root === undefined ? size !== 0 || depth !== 0 : size === 0 || root.length !== ID_BYTES) {
      throw invalid('a manifest with a root exactly where it has bytes');
    }
  } else if (symlink !== undefined) {
    const { length } = pathToBytes(symlink);
    if (length === 0 || symlink.includes('\0')) throw invalid('a symlink target');
    if (length > MAX_SYMLINK_BYTES) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', `symlink above ${MAX_SYMLINK_BYTES} bytes`);
    }
  }
  if (manifest === undefined && (body.executable || body.unstable)) {
    throw invalid('flags on files only');
  }
}
