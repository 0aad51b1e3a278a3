// One implementation for both module systems. Node reads the names for `import` here: it would look through all of the
// code for them, which takes longer than to run it.
const code = require('./dist/index.js')

exports.AbortError = code.AbortError
exports.AuthenticationError = code.AuthenticationError
exports.ConfigurationError = code.ConfigurationError
exports.ConnectionError = code.ConnectionError
exports.ContextLengthError = code.ContextLengthError
exports.InvalidRequestError = code.InvalidRequestError
exports.ModelNotFoundError = code.ModelNotFoundError
exports.OpenAICompatibleProvider = code.OpenAICompatibleProvider
exports.ProviderError = code.ProviderError
exports.RateLimitError = code.RateLimitError
exports.ServerError = code.ServerError
exports.StreamError = code.StreamError
exports.TimeoutError = code.TimeoutError
exports.UnsupportedError = code.UnsupportedError
exports.fallback = code.fallback
