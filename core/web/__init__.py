"""What every room's pages stand on: who is signed in, forms that can't be forged, the page shell, refusals as pages."""
