//! Round clusters with known centres.

use ndarray::Array2;

use super::random::Purpose;
use super::{Common, MadeClasses, common_setters};

/// Starts a clustering problem: normal clouds around centres drawn from a box, −10 to 10 in each direction.
///
/// ```
/// let made = ironlearn_datasets::blobs().rows(300).centers(4).spread(0.5).seed(1).build();
/// assert_eq!(made.centers.dim(), (4, 2));
/// ```
pub fn blobs() -> Blobs {
    Blobs { common: Common::new(2), centers: 3, spread: 1.0 }
}

/// Builds a clustering problem; see [`blobs`].
#[derive(Clone, Debug, PartialEq)]
pub struct Blobs {
    common: Common,
    centers: usize,
    spread: f64,
}

impl Blobs {
    common_setters!("2");

    /// The number of clusters (default 3).
    pub fn centers(mut self, centers: usize) -> Self {
        self.centers = centers;
        self
    }

    /// The standard deviation of each cluster in each direction (default 1).
    pub fn spread(mut self, deviation: f64) -> Self {
        self.spread = deviation;
        self
    }

    /// Makes the data; each row belongs to a cluster drawn at random.
    ///
    /// # Panics
    /// If there are no clusters, or an option lies outside its range.
    pub fn build(self) -> MadeClasses {
        let Blobs { common, centers, spread } = self;
        assert!(centers > 0, "no clusters");
        let mut truth = common.stream(Purpose::Truth);
        let means = Array2::from_shape_simple_fn((centers, common.cols), || 20.0 * truth.uniform() - 10.0);
        around(&common, means, spread, 0.0)
    }
}

/// Normal rows around means drawn at random; then the label is drawn anew with probability `flip`.
pub(super) fn around(common: &Common, centers: Array2<f64>, spread: f64, flip: f64) -> MadeClasses {
    let mut labels = common.stream(Purpose::Labels);
    let mut noise = common.stream(Purpose::Noise);
    let mut data = common.normal_matrix();
    let target = data.outer_iter_mut().map(|mut row| {
        let class = labels.below(centers.nrows());
        row.zip_mut_with(&centers.row(class), |entry, mean| *entry = mean + spread * *entry);
        // Both draws in every row, so that `flip` moves no other row's.
        let (draw, other) = (noise.uniform(), noise.below(centers.nrows()));
        if draw < flip { other as f64 } else { class as f64 }
    });
    let target = target.collect();
    common.knock_out(&mut data);
    MadeClasses { data, target, weights: common.weights(), centers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_around_their_centres() {
        let made = blobs().rows(1000).cols(5).centers(4).spread(0.1).seed(2).build();
        let mut counts = [0; 4];
        for (row, &class) in made.data.outer_iter().zip(&made.target) {
            counts[class as usize] += 1;
            let off = &row - &made.centers.row(class as usize);
            assert!(off.iter().all(|off| off.abs() < 0.1 * 6.0), "six standard deviations");
        }
        assert!(counts.iter().all(|&count| count > 150), "{counts:?}");
        assert!(made.centers.iter().all(|c| (-10.0..10.0).contains(c)));
    }
}
