"""Floor 3: which law a Sweep follows, how surely, and what its data cannot say.

fit(sweep, "usl")   a Fit: parameters with intervals, bands, tests of the fit
fit(sweep)          Fits: every law that may be asked, their votes, a verdict

Knows estimation; the laws are in `laws/`, the measurements in a Sweep. Refuses to know
how anything was measured, and to draw.
"""

from .choosing import Fits
from .estimates import Estimate
from .fits import Fit
from .making import fit

__all__ = ["Estimate", "Fit", "Fits", "fit"]
