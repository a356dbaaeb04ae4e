"""Names of span attributes.

The ``gen_ai.*`` names follow OpenTelemetry's conventions for generative AI. Those are not stable, and the Python
package that carried them has deprecated its constants: the names that we use are written down here, and only here.
"""

from __future__ import annotations

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
REQUEST_TOP_P = "gen_ai.request.top_p"
REQUEST_SEED = "gen_ai.request.seed"
REQUEST_STREAM = "gen_ai.request.stream"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
RESPONSE_FIRST_CHUNK_S = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
DIMENSIONS = "gen_ai.embeddings.dimension.count"
OUTPUT_TYPE = "gen_ai.output.type"
ERROR_TYPE = "error.type"

VERB = "nootropic.verb"
FACE = "nootropic.face"
TASK = "nootropic.task"
PROPOSAL = "nootropic.proposal"
TURN = "nootropic.turn"
COMMIT = "nootropic.commit"
CACHED = "nootropic.cached"
SWITCHED = "nootropic.switched"
SCHEMA = "nootropic.schema"
ADAPTER = "nootropic.adapter"
PURPOSE = "nootropic.purpose"
PROMPT = "nootropic.prompt.name"
PROMPT_VERSION = "nootropic.prompt.version"
REPLAYED = "nootropic.replayed"
PLAN = "nootropic.plan"

# What was said, as JSON in the conventions' form of messages made of parts; only by the person's setting.
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
TEXTS = (INPUT_MESSAGES, OUTPUT_MESSAGES)
TEXT_LEVEL = "nootropic.text"

SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
COST_USD = "nootropic.cost_usd"
COST_LABEL = "nootropic.cost_label"
CPU_S = "nootropic.cpu_s"
ENERGY_WH = "nootropic.energy_wh"
LOCAL = "nootropic.local"
BACKEND = "nootropic.backend"
VALIDATION = "nootropic.validation"
