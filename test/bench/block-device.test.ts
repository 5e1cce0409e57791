import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mountIn, writtenIn } from '../../bench/harness/block-device.ts';

describe('block devices', () => {
  const diskstats = [
    '   7       0 loop0 6393 28 191172 1749 46379 63484 26138582 110823 0 35392 134900',
    ' 254       0 vda 3423496 180326 90315818 1564641 1573506 2103041 191454160 954786 1 2 3',
    '',
  ].join('\n');

  test('bytes written are those of the sectors of this device', () => {
    assert.equal(writtenIn(diskstats, 254, 0), 191454160 * 512);
    assert.equal(writtenIn(diskstats, 7, 0), 26138582 * 512);
  });

  test('what no device counts is not known, rather than nothing', () => {
    assert.equal(writtenIn(diskstats, 0, 35), undefined);
    assert.equal(writtenIn('', 254, 0), undefined);
  });

  test('a path lies on the longest mount above it, the last where several lie there', () => {
    const mounts = [
      '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
      '28 27 0:25 / /mnt/disk rw - xfs /dev/vdb rw',
      '29 27 0:26 / /mnt/disk rw,noatime shared:1 - btrfs /dev/vdc rw',
    ].join('\n');
    assert.equal(mountIn(mounts, '/mnt/disk/a'), 'btrfs (rw,noatime)');
    assert.equal(mountIn(mounts, '/mnt/disk'), 'btrfs (rw,noatime)');
    assert.equal(mountIn(mounts, '/mnt/disks'), 'ext4 (rw,relatime)');
    assert.equal(mountIn('', '/'), undefined);
  });
});
