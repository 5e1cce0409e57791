/** Keys of rows that find records other than versions: by type, then time. */

import { readU64be, u64be } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { metaKey, metaPrefix } from '../store/meta-keys.ts';
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

  /** The time of a key that {@link recordKey.dot} accepts. */
  time(key: Uint8Array): HybridTime {
    return readU64be(key, 2);
  },

  dot(key: Uint8Array, logs: LogNumbers): Dot {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const log = key.length === BYTES ? logs.log(view.getUint16(10)) : undefined;
    if (log === undefined) throw new VaultError('VAULT_DAMAGED', 'malformed row of a record');
    const seq = view.getUint16(12) * 0x1_0000_0000 + view.getUint32(14);
    return { log, seq, index: view.getUint16(18) };
  },
};
