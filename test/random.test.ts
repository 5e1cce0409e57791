import { systemRandom } from '../src/random.ts';
import { randomContract } from './contracts/random.ts';

randomContract('system randomness', systemRandom);
