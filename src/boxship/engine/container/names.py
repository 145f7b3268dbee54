"""Names of containers: which are allowed, and one for whoever asks for none."""

import random
import re

from boxship.lib.errors import InvalidParameter

_ALLOWED = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")

_MOODS = """
able agile airy amber ample apt arctic ardent artful avid balmy blithe bold breezy brisk bronze calm candid
cedar civil clever coastal copper coral cosmic cozy crisp curious dapper daring dawning deft dewy dreamy
earnest easy elegant ember even fabled fair festive fleet floral fluent fond frank fresh frosty gallant
genial gilded glad gleaming golden graceful grand hardy hazel hearty hushed icy ideal indigo ivory jade
jaunty jolly jovial keen kindred lasting level limber linen lively loyal lucid lunar maple mellow merry mild
mindful mirthful misty mossy native neat nimble noble oaken opal open orderly patient peppy placid playful
plucky polished proud quick quiet rapid ready rosy rugged russet rustic sandy serene silken silver sincere
snowy solar spry steady sterling sturdy sunny supple swift tactful tender tidy tranquil trusty twilit upbeat
valiant velvet verdant vernal vivid warm wavy willing windy wise witty woven zesty
"""

_SURNAMES = """
abel ampere anning babbage banneker bardeen barton bernoulli berners bessel bhabha bolyai boole brahe
breguet bunsen byron cantor carnot cassini cauchy celsius chandra clapeyron clarke cori coulomb cray curie
daguerre dalton davy dirac doppler eckert edison eiffel erdos euler faraday fermat fermi fibonacci fourier
franklin fresnel galilei galois gauss gibbs goddard godel gosling halley hamilton harrison heaviside hertz
hilbert hooke hopper hubble huygens hypatia jacquard jansky joule kalman keller kelvin kepler kilby knuth
kolmogorov laplace lamarr landau leavitt leibniz lemaitre linnaeus lovelace lumiere mach marconi maxwell
mccarthy meitner mendel mercator minsky mobius morse napier nash neumann newton nobel noether oersted ohm
oresme pascal pauli peano planck poincare ptolemy raman ramanujan rayleigh riemann ritchie rontgen rubin
sagan shannon snell somerville stokes swan tesla thales torricelli turing venn vera vesalius volta watt
weber wiles wren yukawa zuse
"""


def check_name(name: str) -> str:
    """The name without its slash. InvalidParameter, in Docker's words, for one that is not allowed."""
    if not _ALLOWED.fullmatch(name):
        raise InvalidParameter(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    return name.removeprefix("/")


def random_name(attempt: int) -> str:
    """A name like `merry_noether`; a digit is added once `attempt` (counted from 0) shows that many are taken."""
    name = f"{random.choice(_MOODS.split())}_{random.choice(_SURNAMES.split())}"
    return name if attempt < 3 else f"{name}{random.randrange(10 ** (attempt - 2))}"
