// One implementation for both module systems. Node reads the names for `import` here: it would look through all of the
// code for them, which takes longer than to run it.
const code = require('./dist/index.js')

exports.AbortError = code.AbortError
exports.AuthenticationError = code.AuthenticationError
exports.ConfigurationError = code.ConfigurationError
exports.ConnectionError = code.ConnectionError
exports.ContextLengthError = code.ContextLengthError
exports.GroqProvider = code.GroqProvider
exports.InvalidRequestError = code.InvalidRequestError
exports.InvalidResponseError = code.InvalidResponseError
exports.LMStudioProvider = code.LMStudioProvider
exports.LiteLLMProvider = code.LiteLLMProvider
exports.LlamaCppProvider = code.LlamaCppProvider
exports.LocalAIProvider = code.LocalAIProvider
exports.ModelNotFoundError = code.ModelNotFoundError
exports.OllamaProvider = code.OllamaProvider
exports.OpenAICompatibleProvider = code.OpenAICompatibleProvider
exports.OpenAIProvider = code.OpenAIProvider
exports.OpenRouterProvider = code.OpenRouterProvider
exports.ProviderError = code.ProviderError
exports.RateLimitError = code.RateLimitError
exports.ServerError = code.ServerError
exports.StreamError = code.StreamError
exports.TGIProvider = code.TGIProvider
exports.TextGenerationWebUIProvider = code.TextGenerationWebUIProvider
exports.TimeoutError = code.TimeoutError
exports.UnsupportedError = code.UnsupportedError
exports.VLLMProvider = code.VLLMProvider
exports.createLocalProvider = code.createLocalProvider
exports.createProvider = code.createProvider
exports.discoverServers = code.discoverServers
exports.fallback = code.fallback
exports.registerProvider = code.registerProvider
