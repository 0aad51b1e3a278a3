// One implementation for both module systems: Node reads these names from CommonJS for `import`, too.
module.exports = require('./dist/index.js')
