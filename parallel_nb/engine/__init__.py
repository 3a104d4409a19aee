"""Running and recording: the one place of the package that knows joblib."""
