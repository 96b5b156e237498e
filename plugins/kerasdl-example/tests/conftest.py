"""The backend is chosen before a test imports Keras."""

import kerasdl.backend

kerasdl.backend.use()
