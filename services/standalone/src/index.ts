export { createStandalone, type Standalone, type StandaloneParts } from './standalone.ts';
