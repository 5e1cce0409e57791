import { transportContract } from '../contracts/transport.ts';
import { testDoor } from '../helpers/doors.ts';
import { tcpRelay } from '../helpers/tcp-relay.ts';
import { eventually } from '../helpers/wait.ts';
import { listenAt } from '../../src/net/address.ts';

transportContract('sealed WebSocket', async (t) => {
  const [near, far] = [testDoor('near', ['far']), testDoor('far', ['near'])];
  const dialer = near.door.transport({ peer: far.own.exchangeKey });
  const listener = far.door.transport({ peer: near.own.exchangeKey });
  let at = '';
  const relay = await tcpRelay(t, () => listenAt(at));
  return {
    // Through a relay that can be broken.
    dialer: {
      dial: (address, begin) => dialer.dial(address === at ? relay.address : address, begin),
      listen: (address, begin) => dialer.listen(address, begin),
    },
    listener: {
      dial: (address, begin) => listener.dial(address, begin),
      listen: async (address, begin) => {
        const one = await listener.listen(address, begin);
        at = one.address;
        t.after(() => one.close());
        return one;
      },
    },
    address: '127.0.0.1:0',
    nowhere: '127.0.0.1:9',
    until: (what, holds) => eventually(what, holds),
    settle: (promise) => promise,
    breakAll: () => relay.breakAll(),
  };
});
