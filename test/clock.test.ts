import { systemClock } from '../src/clock.ts';
import { clockContract } from './contracts/clock.ts';

clockContract('system clock', () => ({
  clock: systemClock,
  pass: (ms) =>
    new Promise((resolve) => {
      systemClock.timer(ms, resolve);
    }),
}));
