/** Keys of rows that find records other than versions: by type, then time. */

import { u64be } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { decodeSeq, metaKey, metaPrefix } from '../store/meta-keys.ts';
import type { LogNumbers } from './path-index.ts';
import type { Dot, HybridTime } from './types.ts';

const BYTES = 20;

export const recordKey = {
  encode(type: number, time: HybridTime, dot: Dot, logs: LogNumbers): Uint8Array {
    const name = new Uint8Array(10);
    const view = new DataView(name.buffer);
    view.setUint16(0, logs.number(dot.log));
    view.setUint16(2, Math.floor(dot.seq / 0x1_0000_0000));
    view.setUint32(4, dot.seq % 0x1_0000_0000);
    view.setUint16(8, dot.index);
    return metaKey(metaPrefix.record, Uint8Array.of(type), u64be(time), name);
  },

  /** The time of a key. Throws `VAULT_DAMAGED` where it has none. */
  time(key: Uint8Array): HybridTime {
    const time = decodeSeq(key.subarray(2, 10));
    if (time === undefined) throw malformed();
    return time;
  },

  dot(key: Uint8Array, logs: LogNumbers): Dot {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const log = key.length === BYTES ? logs.log(view.getUint16(10)) : undefined;
    if (log === undefined) throw malformed();
    const seq = view.getUint16(12) * 0x1_0000_0000 + view.getUint32(14);
    return { log, seq, index: view.getUint16(18) };
  },
};

function malformed(): VaultError {
  return new VaultError('VAULT_DAMAGED', 'malformed row of a record');
}
