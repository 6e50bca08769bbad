//! The parameters that forests share.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A number of rows, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Draw {
    /// A number.
    Rows(u64),
    /// A share of the rows, or of the sum of their weights (rounded down, at least 1).
    Share(f64),
}

/// What forests share beside the growth of their trees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sampling {
    pub estimator: &'static str,
    pub n_estimators: usize,
    pub bootstrap: bool,
    pub oob_score: bool,
    pub max_samples: Option<Draw>,
    pub max_bins: Option<u64>,
}

impl Sampling {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`]; [`Error::Input`] for parameters that contradict each other.
    pub fn validate(&self) -> Result<()> {
        let check = Error::check(self.estimator);
        check("n_estimators", self.n_estimators >= 1, "an int in the range [1, inf)", &self.n_estimators)?;
        let holds = match self.max_samples {
            None => true,
            Some(Draw::Rows(rows)) => rows >= 1,
            Some(Draw::Share(share)) => share > 0.0 && share.is_finite(),
        };
        let expected = "None, an int in the range [1, inf) or a float in the range (0.0, inf)";
        check("max_samples", holds, expected, &self.max_samples)?;
        let holds = self.max_bins.is_none_or(|bins| (2..=255).contains(&bins));
        check("max_bins", holds, "None or an int in the range [2, 255]", &self.max_bins)?;
        if !self.bootstrap && self.max_samples.is_some() {
            crate::bad_input!(
                "`max_sample` cannot be set if `bootstrap=False`. Either switch to `bootstrap=True` or set \
                 `max_sample=None`."
            );
        }
        if !self.bootstrap && self.oob_score {
            crate::bad_input!("Out of bag estimation only available if bootstrap=True");
        }
        Ok(())
    }

    /// How many rows are drawn for a tree, where they are drawn, and what is to be said about that.
    ///
    /// # Errors
    /// [`Error::Input`] for more rows than a tree takes.
    pub fn size(&self, n: usize, weights: Option<&[f64]>) -> Result<(Option<usize>, Option<String>)> {
        if !self.bootstrap {
            return Ok((None, None));
        }
        let share = match self.max_samples {
            None => return Ok((Some(n), None)),
            Some(Draw::Rows(rows)) if rows <= u64::from(u32::MAX) => return Ok((Some(rows as usize), None)),
            Some(Draw::Rows(rows)) => crate::bad_input!("max_samples={rows} rows are more than a tree can draw"),
            Some(Draw::Share(share)) => share,
        };
        let total = weights.map_or(n as f64, |w| w.iter().sum());
        if share * total > f64::from(u32::MAX) {
            crate::bad_input!("max_samples={share} of {total} are more rows than a tree can draw");
        }
        let size = ((share * total) as usize).max(1);
        let few = (size as f64) < (n as f64).cbrt().max(10.0);
        let warning = few.then(|| {
            let what = if weights.is_some() { "the total sum of sample weights" } else { "the number of samples" };
            format!(
                "Using the fractional value max_samples={share:?} when {what} is {total:?} results in a low number \
                 ({size}) of bootstrap samples. We recommend passing `max_samples` as an integer instead."
            )
        });
        Ok((Some(size), warning))
    }
}

/// Declares the struct of a forest's parameters: its own fields first, then those of all forests.
macro_rules! forest_params {
    (
        $(#[$doc:meta])* $name:ident;
        splitter: $splitter:expr;
        bootstrap: $bootstrap:expr;
        max_features: $max_features:expr;
        bins: $bins:expr;
        { $($(#[$own_doc:meta])* $own:ident: $own_type:ty = $own_default:expr,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            /// The number of trees. Range [1, ∞).
            pub n_estimators: usize,
            $($(#[$own_doc])* pub $own: $own_type,)*
            /// Levels below the root. Range [1, ∞); `None`: no limit.
            pub max_depth: Option<u64>,
            /// Rows of a node that is split, at least. Range [2, ∞), or a share in (0, 1].
            pub min_samples_split: Count,
            /// Rows of a leaf, at least. Range [1, ∞), or a share in (0, 1).
            pub min_samples_leaf: Count,
            /// Weight of a leaf, as a share of all weight, at least. Range [0, 0.5].
            pub min_weight_fraction_leaf: f64,
            /// Features drawn for each split.
            pub max_features: MaxFeatures,
            /// Leaves of a tree, at most; it then grows best first. Range [2, ∞); `None`: no limit.
            pub max_leaf_nodes: Option<u64>,
            /// The decrease of impurity, weighted by the node's share of the rows, that a split has to bring.
            /// Range [0, ∞).
            pub min_impurity_decrease: f64,
            /// Whether each tree is grown on rows drawn with replacement; else on all.
            pub bootstrap: bool,
            /// Whether each row is predicted by the trees that were grown without it.
            pub oob_score: bool,
            /// The seed of all random choices.
            pub random_state: u64,
            /// Branches are cut whose impurity per leaf grows by no more than this when they go. Range [0, ∞).
            pub ccp_alpha: f64,
            /// The number of rows drawn for each tree; `None`: as many as there are.
            pub max_samples: Option<Draw>,
            /// For each feature whether the prediction (the probability of class 1) may only rise (1), only fall (-1)
            /// or both (0); one output, at most two classes.
            pub monotonic_cst: Option<Vec<i8>>,
            /// Which features hold categories, at most 65,535 each: any subset of them may go left.
            pub categorical_features: Option<Categorical>,
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    n_estimators: 100,
                    $($own: $own_default,)*
                    max_depth: None,
                    min_samples_split: Count::Rows(2),
                    min_samples_leaf: Count::Rows(1),
                    min_weight_fraction_leaf: 0.0,
                    max_features: $max_features,
                    max_leaf_nodes: None,
                    min_impurity_decrease: 0.0,
                    bootstrap: $bootstrap,
                    oob_score: false,
                    random_state: 0,
                    ccp_alpha: 0.0,
                    max_samples: None,
                    monotonic_cst: None,
                    categorical_features: None,
                }
            }
        }

        impl $name {
            const SPLITTER: Splitter = $splitter;

            fn growth(&self) -> Growth<'_> {
                growth!(self, Self::SPLITTER)
            }

            fn sampling(&self) -> Sampling {
                let bins: fn(&Self) -> Option<u64> = $bins;
                Sampling {
                    estimator: Self::NAME,
                    n_estimators: self.n_estimators,
                    bootstrap: self.bootstrap,
                    oob_score: self.oob_score,
                    max_samples: self.max_samples,
                    max_bins: bins(self),
                }
            }
        }
    };
}
pub(super) use forest_params;
