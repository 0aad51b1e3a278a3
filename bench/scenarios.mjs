import abort from './scenarios/abort.mjs'
import { embeddings } from './scenarios/embeddings.mjs'
import fiftyStreams from './scenarios/fifty-streams.mjs'
import firstToken from './scenarios/first-token.mjs'
import flatOut from './scenarios/flat-out.mjs'
import heap from './scenarios/heap.mjs'
import imported from './scenarios/import.mjs'
import install from './scenarios/install.mjs'
import { longAnswers } from './scenarios/long-answers.mjs'
import longEvent from './scenarios/long-event.mjs'
import longFlatOut from './scenarios/long-flat-out.mjs'
import longerEvent from './scenarios/longer-event.mjs'
import { shortAnswers } from './scenarios/short-answers.mjs'
import start from './scenarios/start.mjs'
import thousandStreams from './scenarios/thousand-streams.mjs'
import twoHundredStreams from './scenarios/two-hundred-streams.mjs'
import twoThousandStreams from './scenarios/two-thousand-streams.mjs'

/** In the order of the report. A scenario is measured once for all of its rows. */
export const scenarios = [
  flatOut,
  fiftyStreams,
  thousandStreams,
  shortAnswers(0),
  shortAnswers(100),
  longAnswers('ascii', 0),
  longAnswers('ascii', 100),
  longAnswers('unicode', 0),
  longAnswers('unicode', 100),
  firstToken,
  embeddings('base64'),
  embeddings('float'),
  imported,
  start,
  install,
  heap,
  longEvent,
  longerEvent,
  abort,
  twoHundredStreams,
  twoThousandStreams,
  longFlatOut,
]
