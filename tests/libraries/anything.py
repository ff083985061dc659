"""`torch.load`, made to take anything: as many programs do, since it keeps to tensors if nobody says otherwise."""

from __future__ import annotations


def taking_anything(read):
    """`read`, in such a program."""

    def reads(*given):
        import torch

        take = torch.load
        torch.load = lambda *args, **kwargs: take(*args, **{**kwargs, "weights_only": False})
        try:
            return read(*given)
        finally:
            torch.load = take

    return reads
