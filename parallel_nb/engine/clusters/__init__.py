"""Workers of other engines, on this machine or elsewhere: Dask and Ray.

pool                  chunks out, outcomes in, whoever is asked
on_dask, on_ray       how each of them is asked
clocks, abroad        times of other hosts; what runs there
"""
