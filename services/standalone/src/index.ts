export { createStandalone, type StandaloneParts } from './standalone.ts';
