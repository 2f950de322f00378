"""name -> Task: one file per data set that comes with scikit-learn, or is found as a file, or is fetched."""
