import { defineConfig } from 'vitest/config'
import base from './vitest.config.mjs'

/** Against real servers other than the one of the default run: `npm run test:servers`. */
export default defineConfig({
  test: { ...base.test, include: ['__test__/real/**/*.real.ts'], testTimeout: 120_000, hookTimeout: 600_000 },
})
